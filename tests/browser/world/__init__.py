"""What people do besides looking at pages: the API, the mails, the provider, the links."""
