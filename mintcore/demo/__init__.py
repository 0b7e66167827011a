"""The demo: the whole main job, offline, on real images that dependencies ship."""
