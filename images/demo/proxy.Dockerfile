# The caching reverse proxy of the quick start.
FROM scratch
COPY demo-proxy /demo-proxy
ENTRYPOINT ["/demo-proxy"]
