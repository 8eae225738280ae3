"""Rule packs: duties from law and standards as versioned data, applied to chosen facilities. See docs/rule-packs.md."""
