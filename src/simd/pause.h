/* pause.h: a hint to the processor that a loop waits for another thread. */
#ifndef MARGIN_SIMD_PAUSE_H
#define MARGIN_SIMD_PAUSE_H

static inline void margin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
