# The ML backend of tslab. Build from the root of the repository: docker build -t tslab-backend .
# With the LSTM:  docker build --build-arg TORCH=1 -t tslab-backend .
FROM python:3.11-slim AS build
ARG TORCH=0
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir uv && uv venv /opt/tslab
WORKDIR /src
COPY LICENSE README.md pyproject.toml ./
COPY core core
COPY plugins plugins
RUN uv pip install --no-cache --python /opt/tslab/bin/python \
        "./core[backend,wfdb,edf]" ./plugins/ecg_eeg ./plugins/iot_maintenance \
    && if [ "$TORCH" = 1 ]; then \
        uv pip install --no-cache --python /opt/tslab/bin/python --torch-backend cpu torch; fi

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home tslab \
    && install -d -o tslab -g tslab -m 0700 /models /project
COPY --from=build /opt/tslab /opt/tslab
ENV PATH=/opt/tslab/bin:$PATH PYTHONUNBUFFERED=1 MODEL_DIR=/models
USER tslab
WORKDIR /project
VOLUME /models
EXPOSE 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=6 CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9090/health', timeout=2)"]
ENTRYPOINT ["sh", "/opt/tslab/entrypoint.sh"]
COPY --chmod=0555 deploy/entrypoint.sh /opt/tslab/entrypoint.sh
CMD ["backend", "--host", "0.0.0.0", "--port", "9090"]
