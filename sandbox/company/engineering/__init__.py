"""The code of the company: repositories, pull requests, deployments, releases and incidents."""
