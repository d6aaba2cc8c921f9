"""What the company is and does, as facts: who its customers are, and what happens to them. No tool shows in it."""
