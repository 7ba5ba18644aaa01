"""Of the contestants that are Django projects."""
