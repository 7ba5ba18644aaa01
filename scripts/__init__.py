"""What starts, tests and checks the project; never imported by the application."""
