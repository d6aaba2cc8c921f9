"""Where dbt builds: the warehouse file of the home itself, or a distributed engine from which what a night needs is fetched."""
