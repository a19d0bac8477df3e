"""What a server tells of itself: the numbers at /metrics, and traces for those who collect them."""
