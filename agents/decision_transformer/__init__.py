"""Decision Transformers (Chen et al. 2021): decisions learned as text from the episodes that another agent saved."""
