#include "restore/pages/assets.h"

/* The assembler reads the file, by its path from where make runs. */
#define EMBED(NAME, FILE)                                                      \
	__asm__(".section .rodata\n"                                           \
		".globl " #NAME "_begin\n" #NAME "_begin:\n"                   \
		".incbin \"" FILE "\"\n"                                       \
		".globl " #NAME "_end\n" #NAME "_end:\n"                       \
		".byte 0\n"                                                    \
		".previous\n");                                                \
	extern const char NAME##_begin[], NAME##_end[]

EMBED(assets_page_css, "restore/pages/page.css");
EMBED(assets_page_js, "restore/pages/page.js");

const char *assets_style(size_t *len)
{
	*len = (size_t)(assets_page_css_end - assets_page_css_begin);
	return assets_page_css_begin;
}

const char *assets_script(size_t *len)
{
	*len = (size_t)(assets_page_js_end - assets_page_js_begin);
	return assets_page_js_begin;
}
