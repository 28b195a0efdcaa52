# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY deploy/requirements.lock ./
# hadolint ignore=DL3013,DL3042
RUN python -m venv /opt/boxoffice \
 && /opt/boxoffice/bin/pip install --disable-pip-version-check --require-hashes -r requirements.lock \
 && pip install --disable-pip-version-check "hatchling>=1.27" "editables>=0.5"
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN hatchling build -t wheel -d /dist \
 && /opt/boxoffice/bin/pip install --disable-pip-version-check --no-deps --no-index /dist/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin boxoffice
COPY --from=build /opt/boxoffice /opt/boxoffice
ENV PATH=/opt/boxoffice/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    APP_ENV=production \
    AUTH=on \
    PORT=3001
USER 10001
WORKDIR /tmp
EXPOSE 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
CMD ["boxoffice", "serve"]
