"""The recording chain's recursions: noise with a memory, and the filter. They change the samples in place."""

from math import sqrt

from vclamp.engine.kernels import EXACT, njit


@njit("void(f8[::1],f8[::1],f8[::1],f8,f8)", **EXACT)
def add_rs_noise(current, white, memory, rms, leak):
    """Add the noise of R_s with C_m, see `filters.rs_cm_steps`.

    `memory` is the voltage of C_m over its own rms, so it stays stationary when `rms` or `leak` change.
    """
    part = sqrt(leak / (2.0 - leak))
    kick = sqrt(leak * (2.0 - leak))
    u = memory[0]
    for n in range(current.size):
        current[n] += rms * (white[n] - part * u)
        u += kick * white[n] - leak * u
    memory[0] = u


@njit("void(f8[::1],c16[::1],f8,c16[::1],c16[::1])", **EXACT)
def filter_bessel(current, modes, direct, leak, share):
    """Filter by the two pairs of modes of `filters.BesselSteps`, in real numbers: p + iq and r + is."""
    p, q, r, s = modes[0].real, modes[0].imag, modes[1].real, modes[1].imag
    leak_p, leak_q, leak_r, leak_s = leak[0].real, leak[0].imag, leak[1].real, leak[1].imag
    share_p, share_q = 2.0 * share[0].real, 2.0 * share[0].imag
    share_r, share_s = 2.0 * share[1].real, 2.0 * share[1].imag
    for n in range(current.size):
        x = current[n]
        current[n] = direct * x + (share_p * p - share_q * q) + (share_r * r - share_s * s)
        gap_p, gap_r = x - p, x - r
        p, q = p + (leak_p * gap_p + leak_q * q), q + (leak_q * gap_p - leak_p * q)
        r, s = r + (leak_r * gap_r + leak_s * s), s + (leak_s * gap_r - leak_r * s)
    modes[0] = complex(p, q)
    modes[1] = complex(r, s)
