"""The floor that every room stands on: errors, files, images, masks, devices, processes, downloads, plug-ins."""
