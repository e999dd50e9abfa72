"""Who carries out the units of a command: this process, the processes of one machine, or an existing scheduler."""
