#include "storage/archive/limits.h"

#include "storage/base/file.h"

#include <string.h>

const char *limits_state_wrong(uint64_t bytes)
{
	return bytes > LIMITS_STATE_BYTES ? "is larger than 200 GiB" : NULL;
}

const char *limits_path_wrong(const char *path)
{
	if (!file_path_is_safe(path))
		return "reaches outside or has an unsafe name";
	if (strlen(path) > LIMITS_PATH_BYTES)
		return "is longer than 3500 bytes";
	for (const char *part = path; *part;) {
		size_t n = strcspn(part, "/");
		if (n > LIMITS_PART_BYTES)
			return "has a part of over 255 bytes";
		part += n + (part[n] == '/');
	}
	return NULL;
}
