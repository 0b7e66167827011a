"""Chart builders: pure functions from rows to an Altair chart."""
