# wheels of the embedded PostgreSQL need glibc, so slim and not alpine
FROM python:3.13-slim

# No .pyc files to write as a user who may not; no folder one stands in before the installed
# packages.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    KEPT_HOME=/var/lib/kept

RUN useradd --system --uid 10001 --home-dir "$KEPT_HOME" --create-home \
    --shell /usr/sbin/nologin kept

# The packages first and alone: this layer is rebuilt only when the lock changes.
WORKDIR /opt/kept
COPY requirements-runtime.lock ./
RUN pip install --require-hashes --no-deps -r requirements-runtime.lock

# The lock brought the build backend, so nothing is fetched here.
COPY . .
RUN pip install --no-deps --no-build-isolation . && rm -rf /opt/kept/*

WORKDIR /var/lib/kept
USER kept
VOLUME /var/lib/kept
EXPOSE 8000

# Ready, not merely alive: the log answers and the projections follow it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "from http.client import HTTPConnection as To; \
       to = To('127.0.0.1', 8000, timeout=4); \
       to.request('GET', '/health/ready'); \
       raise SystemExit(to.getresponse().status != 200)"]

CMD ["kept", "serve", "--host", "0.0.0.0", "--port", "8000"]
