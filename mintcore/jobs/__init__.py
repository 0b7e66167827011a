"""Jobs: long pieces of work that outlive the browser tab, each in a process of its own."""
