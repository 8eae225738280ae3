"""Photos: upload, what is refused, who sees them."""

import io
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from apps.equipment.models import Equipment
from apps.tenants.images import clean_image
from apps.tenants.scope import system


def picture(size=(60, 40), kind="JPEG", mode="RGB", **options):
    buffer = io.BytesIO()
    Image.new(mode, size, 128 if mode == "L" else None).save(buffer, kind, **options)
    return buffer.getvalue()


def upload(content, name="photo.jpg", kind="image/jpeg"):
    return SimpleUploadedFile(name, content, kind)


def png_bomb(width, height):
    """Return a small PNG that claims a huge picture."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def stored(house):
    with system(house.organization):
        return Equipment.objects.get(pk=house.washer.pk).photo.name


def test_a_photo_is_written_anew_without_place_and_camera(marek, northgate, django_capture_on_commit_callbacks):
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6
    data = picture(size=(60, 40), exif=exif) + b"<script>alert(1)</script>"
    response = marek.post(f"/equipment/{northgate.washer.pk}/photo/edit/", {"photo": upload(data, "../../evil.php")})
    assert response.status_code == 302
    name = stored(northgate)
    assert name.startswith("equipment/")
    assert name.endswith(".jpg")
    assert "evil" not in name
    served = marek.get(f"/equipment/{northgate.washer.pk}/photo/")
    body = b"".join(served.streaming_content)
    assert served["Content-Type"] == "image/jpeg"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Cache-Control"].startswith("private")
    assert b"SecretCamera" not in body
    assert b"script" not in body
    image = Image.open(io.BytesIO(body))
    assert image.size == (40, 60)
    assert not image.getexif()
    with django_capture_on_commit_callbacks(execute=True):
        marek.post(f"/equipment/{northgate.washer.pk}/photo/edit/", {"photo": upload(picture())})
    assert not default_storage.exists(name)
    assert default_storage.exists(stored(northgate))
    with django_capture_on_commit_callbacks(execute=True):
        marek.post(f"/equipment/{northgate.washer.pk}/photo/remove/")
    assert stored(northgate) == ""
    assert marek.get(f"/equipment/{northgate.washer.pk}/photo/").status_code == 404


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_other_formats_become_jpeg(kind):
    mode = "RGBA" if kind in ("PNG", "WEBP") else "L"
    clean = clean_image(upload(picture(kind=kind, mode=mode)))
    assert Image.open(clean).format == "JPEG"


def test_large_pictures_shrink():
    clean = clean_image(upload(picture(size=(3000, 1000))), max_side=2048)
    assert Image.open(clean).size == (2048, 683)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "not a photo we can read"),
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a photo"),
        (b"%PDF-1.7", "not a photo"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a photo"),
        (picture()[:200], "not a photo"),
        (png_bomb(8000, 8000), "too many pixels"),
        (png_bomb(60000, 60000), "too many pixels"),
        (png_bomb(100, 100), "not a photo"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 500, "not a photo"),
    ],
)
def test_what_is_no_photo_is_refused_in_plain_words(content, words):
    with pytest.raises(ValidationError, match=words):
        clean_image(upload(content))


def test_too_large_a_file(settings):
    settings.MAX_PHOTO_BYTES = 1024 * 1024
    with pytest.raises(ValidationError, match="larger than 1 MB"):
        clean_image(upload(b"\0" * (1024 * 1024 + 1)))


def test_the_form_says_what_is_wrong(marek, northgate):
    url = f"/equipment/{northgate.washer.pk}/photo/edit/"
    assert "not a photo we can read" in marek.post(url, {"photo": upload(b"hello")}).content.decode()
    assert "This field is required" in marek.post(url, {}).content.decode()
    assert "empty" in marek.post(url, {"photo": upload(b"")}).content.decode()
    assert stored(northgate) == ""


def test_who_sees_it_and_who_may_change_it(*, marek, tess, audrey, rosa, oscar, anonymous, northgate):
    url = f"/equipment/{northgate.washer.pk}/photo/"
    marek.post(f"{url}edit/", {"photo": upload(picture())})
    for client, status in ((tess, 200), (audrey, 200), (rosa, 404), (oscar, 404), (anonymous, 302)):
        assert client.get(url).status_code == status
    for client, status in ((tess, 403), (audrey, 403), (oscar, 404)):
        assert client.post(f"{url}edit/", {"photo": upload(picture())}).status_code == status
        assert client.post(f"{url}remove/").status_code == status


def test_a_lost_file_is_not_found(marek, northgate):
    marek.post(f"/equipment/{northgate.washer.pk}/photo/edit/", {"photo": upload(picture())})
    default_storage.delete(stored(northgate))
    assert marek.get(f"/equipment/{northgate.washer.pk}/photo/").status_code == 404
