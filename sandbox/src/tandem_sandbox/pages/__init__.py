"""Pages on which a person looks at the emulated sides, changes them, and sees a change travel."""
