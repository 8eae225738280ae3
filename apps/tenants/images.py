"""Photos from outside: checked, decoded once, and written anew, so that nothing but the picture is kept."""

from __future__ import annotations

import io
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 40_000_000
# What phones and cameras send. Formats that run other programs or nest files (EPS, PDF, WMF …) are never opened.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "MPO")
QUALITY = 85


def clean_image(uploaded_file: UploadedFile, *, max_side: int = 2048) -> ContentFile[bytes]:
    """Return the picture as a new JPEG of a random name, upright, without metadata, no side over ``max_side``.

    Raises ValidationError in plain words for what is not a picture, too large a file, or too many pixels.
    """
    size = uploaded_file.size or 0
    if size > settings.MAX_PHOTO_BYTES:
        limit = settings.MAX_PHOTO_BYTES // (1024 * 1024)
        raise ValidationError(
            _("The photo is larger than %(limit)s MB. Choose a smaller one."), code="too_large", params={"limit": limit}
        )
    if size == 0:
        raise ValidationError(_("The photo is empty. Choose another one."), code="empty")
    data = uploaded_file.read(settings.MAX_PHOTO_BYTES + 1)
    picture = _decode(data, max_side)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return ContentFile(buffer.getvalue(), name=f"{uuid.uuid4().hex}.jpg")


def _decode(data: bytes, max_side: int) -> Image.Image:
    """Return plain RGB pixels, reading the header before any pixel."""
    not_a_picture = ValidationError(
        _("This file is not a photo we can read. Send a JPEG, PNG or WebP picture."), code="not_an_image"
    )
    try:
        # Reads the header only; the pixels are decoded below, once their number is known to be bearable.
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise ValidationError(
                _("The photo has too many pixels (%(width)s × %(height)s). Choose a smaller one."),
                code="too_many_pixels",
                params={"width": image.width, "height": image.height},
            )
        image.draft("RGB", (max_side, max_side))
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((max_side, max_side))
        return _flatten(upright)
    except ValidationError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValidationError(
            _("The photo has too many pixels. Choose a smaller one."), code="too_many_pixels"
        ) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError, KeyError):
        raise not_a_picture from None


def _flatten(image: Image.Image) -> Image.Image:
    """Put the picture on white where it is transparent, and drop everything that is not pixels."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        flat = Image.new("RGB", layered.size, "white")
        flat.paste(layered, mask=layered.getchannel("A"))
        return flat
    flat = Image.new("RGB", image.size)
    flat.paste(image.convert("RGB"))
    return flat
