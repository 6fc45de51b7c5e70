"""An arena without Windows: tasks end as a script draws it."""
