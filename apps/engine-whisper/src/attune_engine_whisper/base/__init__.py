"""Base models: where weights come from and what a base folder holds (packages/engine-protocol, "Base folder")."""
