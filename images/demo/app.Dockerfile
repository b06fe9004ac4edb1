# The web application of the quick start.
FROM scratch
COPY demo-app /demo-app
ENTRYPOINT ["/demo-app"]
