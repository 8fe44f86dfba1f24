"""What a judge is asked and how its answer is read: rubrics as versioned data, fenced questions, strict answers."""
