"""Rules DC6xx: is the dataset ready for training?"""
