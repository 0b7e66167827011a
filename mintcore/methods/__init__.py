"""Membership-inference methods of others, exactly as published: arrays in, one score an image out."""
