// Placeholder until the area has its first source.
