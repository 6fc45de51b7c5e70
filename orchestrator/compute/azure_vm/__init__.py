"""Azure: Resource Manager for machines, Blob Storage for the run's container.

The SDKs are imported inside the functions that call them, and none of their types leaves this
package.
"""
