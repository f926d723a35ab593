"""What koogate answers: the edge, the activities, the lifecycle, the work behind them."""
