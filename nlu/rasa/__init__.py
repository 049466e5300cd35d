"""What trains, exports and checks the model. A project of its own: Python 3.10 and `requirements.lock` here."""
