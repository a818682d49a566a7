"""Every syscall of a program and every SIMD compute operation, in one OpenTelemetry trace."""
