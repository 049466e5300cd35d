"""The commands of `passerelle`, one file a family. They print; the work is done by the parts they call."""
