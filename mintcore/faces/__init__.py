"""What face models are tested with: pairs of faces of one person or of two."""
