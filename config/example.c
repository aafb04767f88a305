#include "config/example.h"

/* The assembler reads the file, by its path from where make runs. */
__asm__(".section .rodata\n"
	".globl example_text\n"
	"example_text:\n"
	".incbin \"config/backstay.example.yaml\"\n"
	".byte 0\n"
	".previous\n");
