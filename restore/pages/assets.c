#include "restore/pages/assets.h"

#include <stdint.h>

/* The assembler reads the file, by its path from where make runs, and counts
 * its bytes. */
#define EMBED(NAME, FILE)                                                      \
	__asm__(".section .rodata\n"                                           \
		".globl " #NAME "\n" #NAME ":\n"                               \
		".incbin \"" FILE "\"\n" #NAME "_end:\n"                       \
		".byte 0\n"                                                    \
		".balign 8\n"                                                  \
		".globl " #NAME "_len\n" #NAME "_len:\n"                       \
		".8byte " #NAME "_end - " #NAME "\n"                           \
		".previous\n");                                                \
	extern const char NAME[];                                              \
	extern const uint64_t NAME##_len

EMBED(assets_page_css, "restore/pages/page.css");
EMBED(assets_page_js, "restore/pages/page.js");

const char *assets_style(size_t *len)
{
	*len = (size_t)assets_page_css_len;
	return assets_page_css;
}

const char *assets_script(size_t *len)
{
	*len = (size_t)assets_page_js_len;
	return assets_page_js;
}
