"""What records mean: statistics computed with the SIMD kernels, themselves traced."""
