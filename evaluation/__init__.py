"""Who is how strong: matches between players, answers of perfect play to grade them by, and the measure that training shows."""
