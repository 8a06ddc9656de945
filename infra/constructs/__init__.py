"""What the stacks are made of; nothing here knows which environment it is in."""
