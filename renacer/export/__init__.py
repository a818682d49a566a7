"""Where spans go: an OTLP receiver, a file, or any OpenTelemetry SDK exporter."""
