#include "storage/base/zone.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool zone_is_known(const char *name)
{
	static const char magic[] = "TZif";
	const char *dir = getenv("TZDIR");
	char start[sizeof(magic) - 1];

	if (str_eq(name, "UTC"))
		return true;
	if (!file_path_is_safe(name))
		return false;
	/* A directory (Europe) is not a zone, and neither is every file
	 * (zone.tab). */
	autofree char *path =
	    file_join(dir ? dir : "/usr/share/zoneinfo", name);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && read(fd, start, sizeof(start)) == sizeof(start) &&
	       memcmp(start, magic, sizeof(start)) == 0;
}
