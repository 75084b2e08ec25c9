"""The job stage by stage, without Qt: what both the guided module and the command line call."""
