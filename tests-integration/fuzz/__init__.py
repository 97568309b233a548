"""Coverage-guided fuzzing of every decoder; ``nox -s fuzz -- json --seconds 600`` runs one."""
