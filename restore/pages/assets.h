/*
 * The style and the script of a page, as they lie beside this file, within the
 * program.
 */
#ifndef RESTORE_PAGES_ASSETS_H
#define RESTORE_PAGES_ASSETS_H

#include <stddef.h>

const char *assets_style(size_t *len);
const char *assets_script(size_t *len);

#endif
