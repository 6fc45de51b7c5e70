"""The report as document, Markdown, JUnit and text."""
