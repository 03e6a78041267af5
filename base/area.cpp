// The area has headers only; a library needs one source.
