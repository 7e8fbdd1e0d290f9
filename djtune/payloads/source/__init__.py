"""What a client's source names: fields that it reads, declares or writes, and addresses."""
