"""The same change to many requirements at once: assign, reschedule, waive, archive."""
