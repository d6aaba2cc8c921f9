"""What an operator does to a whole home: forget, hand out, back up, restore, read again, give another key."""
