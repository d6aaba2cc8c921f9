"""What engineers use while they change the project: the workbench, the difference of a pull request, scaffolds, docs."""
