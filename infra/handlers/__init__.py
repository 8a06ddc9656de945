"""What runs in AWS while the app is deployed: sources of inline functions."""
