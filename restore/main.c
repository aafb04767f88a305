#include "config/cli/cli_main.h"
#include "restore/command.h"
#include "restore/program.h"

int main(int argc, char **argv)
{
	struct restore_options options = {.prune = false};

	return cli_main(&restore_program, argc, argv, &options);
}
