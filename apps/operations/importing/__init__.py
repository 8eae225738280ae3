"""Import of facilities, areas and equipment: file, columns, preview, apply, undo.

``targets`` says what a column can fill; ``planning`` decides for each row between create, update, unchanged and error,
chunk by chunk; ``facilities``, ``areas`` and ``equipment`` are the three kinds; ``actions`` writes; ``undoing`` takes
an import back. Pages and commands go the same way, and a preview is the plan that applying makes again.
"""
