"""The documents for other programs: trees of structs, from which their JSON Schemas are made.

msgspec, rather than pydantic: one extension module of half a megabyte without dependencies
(pydantic and its core take seven), wheels for every Python that this runs on, kept up; a struct is
made as fast as a plain object, so that thousands of tasks cost nothing, and its JSON Schema (draft
2020-12) says all that is promised. Nothing is checked while a document is made: that of a damaged
ledger is still one. Nor is one read through them: what earlier versions and other programs wrote is
read leniently, key by key (``document.parse_document``, ``comparison.record``).
"""
